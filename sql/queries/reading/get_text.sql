-- What is the text of a content?
select b.text
from blobs b
where b.content_hash = $1;
