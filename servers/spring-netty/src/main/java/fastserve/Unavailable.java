package fastserve;

/** A backing service is away or silent, or none of its connections got free in time. */
final class Unavailable extends RuntimeException {
    Unavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
