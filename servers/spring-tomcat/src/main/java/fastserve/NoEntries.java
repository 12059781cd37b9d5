package fastserve;

/** No cache: every request is a miss. */
final class NoEntries implements Entries {
    @Override
    public Entry get(String key) {
        return null;
    }

    @Override
    public void put(String key, Entry entry) {
        // Nothing is kept.
    }
}
