-- Orders that wait to be paid or shipped, the oldest first.
SELECT id, customer, total_cents, placed_at
FROM orders
WHERE status IN (0, 1)
ORDER BY placed_at;
