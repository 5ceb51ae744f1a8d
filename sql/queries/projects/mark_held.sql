-- Remembers a tree that would remove most documents, seen once.
update projects set held_tree_sha = $2 where project_id = $1;
