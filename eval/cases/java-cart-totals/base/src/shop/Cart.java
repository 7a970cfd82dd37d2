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

    public void add(Line line) {
        lines.add(line);
    }
}
