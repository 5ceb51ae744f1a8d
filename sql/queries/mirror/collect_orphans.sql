-- Removes content that nothing refers to since before the given time.
select collect_orphans($1);
