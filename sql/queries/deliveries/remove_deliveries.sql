-- Forgets at most $2 of the deliveries that came before $1, the oldest first.
delete from webhook_deliveries
where delivery_id in (
    select delivery_id
    from webhook_deliveries
    where received_at < $1
    order by received_at
    limit $2
);
