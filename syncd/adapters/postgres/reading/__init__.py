"""What agents read: projects, documents, chunks, search. Every function runs inside `transactions.reading`, which isolates tenants."""
