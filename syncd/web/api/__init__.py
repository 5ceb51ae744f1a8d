"""REST for operators: a written-out table of routes, models at the door, one shape of answer."""
