-- Orders of the shop.
CREATE TABLE orders (
    id          bigserial PRIMARY KEY,
    customer    bigint      NOT NULL,
    -- 0 new, 1 paid, 2 shipped, 3 cancelled
    status      smallint    NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 3),
    total_cents integer     NOT NULL CHECK (total_cents >= 0),
    placed_at   timestamptz NOT NULL DEFAULT now()
);
