package fastserve;

/** A setting that is missing or cannot be used: one line for the operator. */
final class WrongSetting extends RuntimeException {
    WrongSetting(String name, String expected, String found) {
        super(name + ": expected " + expected + ", found " + found);
    }
}
