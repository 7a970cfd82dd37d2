package shop;

/** What a cart costs. */
public final class Checkout {
    /** From this many pieces on the shipping is free. */
    private static final int FREE_SHIPPING_PIECES = 20;

    private final Money shipping;

    public Checkout(Money shipping) {
        this.shipping = shipping;
    }

    /** The sum of all lines, with shipping where it is due. An empty cart costs nothing. */
    public Money total(Cart cart) {
        Money total = Money.zero(cart.currency());
        int pieces = 0;
        for (Line line : cart.lines()) {
            total.plus(line.price().times(line.quantity()));
            pieces += line.quantity();
        }
        if (pieces == 0 || pieces >= FREE_SHIPPING_PIECES) {
            return total;
        }
        return total.plus(shipping);
    }
}
