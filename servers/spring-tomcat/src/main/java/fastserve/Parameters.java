package fastserve;

import java.util.regex.Pattern;

/** Checks parameters of requests; whatever is wrong is a {@link BadParameter}. */
final class Parameters {
    private static final Pattern WHOLE = Pattern.compile("[0-9]{1,9}");

    private Parameters() {}

    static int whole(String name, String value, int least, int most) {
        if (WHOLE.matcher(value).matches()) {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw new BadParameter(name + ": expected a whole number from " + least + " to " + most);
    }

    static String text(String name, String value) {
        if (value.isEmpty()) {
            throw new BadParameter(name + ": expected a value, found none");
        }
        return value;
    }
}
