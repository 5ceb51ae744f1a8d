-- Which documents are cut as plain text is asked whenever the page of a project is drawn.

-- They are few among all that a tenant has.
create index outlines_cut_as_plain on outlines (tenant_id, content_hash, format) where fallback is not null;
