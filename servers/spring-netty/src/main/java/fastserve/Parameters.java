package fastserve;

import java.util.regex.Pattern;
import org.springframework.util.MultiValueMap;

/** Reads parameters of a query; whatever is wrong is a {@link BadParameter}. */
record Parameters(MultiValueMap<String, String> query) {
    private static final Pattern WHOLE = Pattern.compile("[0-9]{1,9}");

    int whole(String name, int fallback, int least, int most) {
        return query.containsKey(name) ? whole(name, least, most) : fallback;
    }

    int whole(String name, int least, int most) {
        String value = query.getFirst(name);
        // A name alone, without an equals sign, has no value.
        if (value != null && WHOLE.matcher(value).matches()) {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw new BadParameter(name + ": expected a whole number from " + least + " to " + most);
    }

    String text(String name, String fallback) {
        if (!query.containsKey(name)) {
            return fallback;
        }
        String value = query.getFirst(name);
        if (value == null || value.isEmpty()) {
            throw new BadParameter(name + ": expected a value, found none");
        }
        return value;
    }
}
