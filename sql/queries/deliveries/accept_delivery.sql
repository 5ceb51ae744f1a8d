-- Takes in a delivery whose signature was proved: `accepted` the first time, `duplicate` ever after.
select accept_delivery($1, $2, $3, $4);
