package shop;

import java.util.ArrayList;
import java.util.List;

/** What somebody wants to buy, in one currency. */
public final class Cart {
    private final String currency;
    private final List<Line> lines = new ArrayList<>();

    public Cart(String currency) {
        this.currency = currency;
    }

    public String currency() {
        return currency;
    }

    public List<Line> lines() {
        return List.copyOf(lines);
    }

    /** Adds a line; more of a product that is in the cart already joins the line that is there. */
    public void add(Line line) {
        for (int index = 0; index < lines.size(); index++) {
            Line known = lines.get(index);
            if (known.productId() != null && known.productId() == line.productId()) {
                lines.set(index, known.withQuantity(known.quantity() + line.quantity()));
                return;
            }
        }
        lines.add(line);
    }
}
