-- What does each of these terms weigh in each of these chunks?
select chunk_hash,
       impacts
from list_impacts($1, $2);
