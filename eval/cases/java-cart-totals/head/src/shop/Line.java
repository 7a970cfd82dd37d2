package shop;

/** So many pieces of a product. The id is null as long as the product is a draft. */
public record Line(Long productId, int quantity, Money price) {
    public Line {
        if (quantity < 1) {
            throw new IllegalArgumentException("a line has at least one piece");
        }
    }

    public Line withQuantity(int quantity) {
        return new Line(productId, quantity, price);
    }
}
