package fastserve;

import java.util.List;
import reactor.core.publisher.Mono;

/** The quotes in a database. */
interface Quotes {
    /** Reads so many random rows over one connection, each by a query of its own. */
    Mono<List<Quote>> random(int count);
}
