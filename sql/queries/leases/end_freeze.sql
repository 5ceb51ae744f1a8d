-- Takes away a freeze whose time has passed. False: there is none.
select end_freeze($1, $2);
