-- Revenue of each day, for the dashboard: what was paid, shipped or not.
SELECT date_trunc('day', placed_at) AS day,
       count(*)                     AS orders,
       sum(total_cents)             AS cents
FROM orders
WHERE status IN (1, 2)
GROUP BY 1
ORDER BY 1;
