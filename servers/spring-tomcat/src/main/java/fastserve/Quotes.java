package fastserve;

import java.util.List;

/** The quotes in a database. */
interface Quotes {
    /** Reads so many random rows over one connection, each by a query of its own. */
    List<Quote> random(int count);
}
