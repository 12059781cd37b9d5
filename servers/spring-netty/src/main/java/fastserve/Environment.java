package fastserve;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads single settings from environment variables; whatever is wrong is a {@link WrongSetting}. */
record Environment(Map<String, String> variables) {
    private static final Pattern WHOLE = Pattern.compile("[0-9]{1,9}");
    private static final Pattern IPV4 =
            Pattern.compile("((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(?!$)|$)){4}");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    String text(String name, String expected) {
        String value = variables.getOrDefault(name, "");
        if (value.isEmpty()) {
            throw new WrongSetting(name, expected, "none");
        }
        return value;
    }

    int whole(String name, int least, int most) {
        return inRange(name, text(name, range(least, most)), least, most);
    }

    int whole(String name, int fallback, int least, int most) {
        String value = variables.get(name);
        return value == null ? fallback : inRange(name, value, least, most);
    }

    /** Returns one of the levels, of which the first is the default. */
    String choice(String name, String... levels) {
        String value = variables.getOrDefault(name, levels[0]);
        if (!List.of(levels).contains(value)) {
            throw new WrongSetting(name, String.join(" or ", levels), quoted(value));
        }
        return value;
    }

    String address(String name, String fallback) {
        String value = variables.getOrDefault(name, fallback);
        if (!IPV4.matcher(value).matches() && !isIpv6(value)) {
            throw new WrongSetting(name, "an IP address", quoted(value));
        }
        return value;
    }

    /** Returns a URL taken apart by a pattern; a URL may hold a password, so it is not shown. */
    Matcher url(String name, Pattern pattern, String form) {
        Matcher matcher = pattern.matcher(text(name, form));
        if (!matcher.matches() || Integer.parseInt(matcher.group("port")) > 65535) {
            throw new WrongSetting(name, form, "something else");
        }
        return matcher;
    }

    private static int inRange(String name, String value, int least, int most) {
        if (WHOLE.matcher(value).matches()) {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw new WrongSetting(name, range(least, most), quoted(value));
    }

    private static boolean isIpv6(String value) {
        try {
            // With a colon in it this is read as an address and never asked of a name server.
            return IPV6.matcher(value).matches() && InetAddress.getByName(value) != null;
        } catch (UnknownHostException error) {
            return false;
        }
    }

    private static String range(int least, int most) {
        return "a whole number from " + least + " to " + most;
    }

    private static String quoted(String value) {
        return "'" + value.replaceAll("\\R", " ") + "'";
    }
}
