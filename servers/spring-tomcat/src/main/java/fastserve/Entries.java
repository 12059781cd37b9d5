package fastserve;

/** A cache of entries by key, which forgets them after a time. */
interface Entries {
    /** Returns the entry of a key, null when there is none. */
    Entry get(String key);

    void put(String key, Entry entry);
}
