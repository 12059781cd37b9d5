package fastserve;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** A cached value and when it was taken. */
record Entry(String value, String cachedAt) {
    private static final DateTimeFormatter MILLISECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    static Entry of(String key) {
        return new Entry(Work.originValue(key), MILLISECONDS.format(Instant.now()));
    }
}
