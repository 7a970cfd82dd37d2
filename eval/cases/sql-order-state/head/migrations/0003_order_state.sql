-- States by their names instead of numbers that nobody remembers.
ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';

UPDATE orders
SET state = CASE status
                WHEN 0 THEN 'new'
                WHEN 1 THEN 'paid'
                WHEN 2 THEN 'shipped'
            END;

ALTER TABLE orders
    ADD CONSTRAINT orders_state_check CHECK (state IN ('new', 'paid', 'shipped', 'cancelled'));

ALTER TABLE orders DROP COLUMN status;

-- The list of open orders is read every few seconds, and most orders are not open any more:
-- an index of those alone stays small. Built without a lock, since the dashboard reads the table
-- all the time.
CREATE INDEX CONCURRENTLY orders_open_idx ON orders (placed_at) WHERE state IN ('new', 'paid');
