-- Every tenant numbers its products itself: "1001" is another product, at another price, for each of them.
CREATE TABLE prices (
    tenant_id   text    NOT NULL,
    product     text    NOT NULL,
    cents       integer NOT NULL CHECK (cents >= 0),
    PRIMARY KEY (tenant_id, product)
);
