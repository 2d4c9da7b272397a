"""From a record to an example: columns to roles, values to texts, ids."""
