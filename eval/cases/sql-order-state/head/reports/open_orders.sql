-- Orders that wait to be paid or shipped, the oldest first.
SELECT id, customer, state, total_cents, placed_at
FROM orders
WHERE state IN ('new', 'paid')
ORDER BY placed_at;
