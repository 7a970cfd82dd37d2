-- How many orders there are in each state, also in those without any.
SELECT known.state, count(orders.id) AS orders
FROM (VALUES ('new'), ('paid'), ('shipped'), ('cancelled')) AS known (state)
LEFT JOIN orders ON orders.state = known.state
GROUP BY known.state
ORDER BY known.state;
