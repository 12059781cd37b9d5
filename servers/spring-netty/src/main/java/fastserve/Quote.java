package fastserve;

import java.util.concurrent.ThreadLocalRandom;

/** One row of quotes. */
record Quote(int id, String author, String content) {
    static final String QUERY = "SELECT id, author, content FROM quotes WHERE id = ?";
    private static final int ROWS = 1000;

    static int randomId() {
        return ThreadLocalRandom.current().nextInt(1, ROWS + 1);
    }
}
