"""Redis (or Valkey): coordination and visibility of locks. Correctness is Postgres's business."""
