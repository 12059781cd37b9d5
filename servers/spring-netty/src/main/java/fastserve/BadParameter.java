package fastserve;

/** A parameter of a request that is empty or malformed. */
final class BadParameter extends RuntimeException {
    BadParameter(String message) {
        super(message);
    }
}
