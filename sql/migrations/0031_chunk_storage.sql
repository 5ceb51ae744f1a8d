-- Keeps what a search reads of a chunk in its row, as it is. A row is cut down to 2 kB by default: hash and header went out of line together with the
-- text, and the weights were compressed, so that scoring a chunk cost three look-ups and a decompression. Rows written before stay as they are.
alter table chunks set (toast_tuple_target = 3600);
alter table chunks
    alter column chunk_hash set storage main,
    alter column header set storage main,
    alter column format set storage main,
    -- Numbers without pattern: compressing them was tried for every row, and in vain.
    alter column term_ids set storage external;
