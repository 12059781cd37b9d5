package fastserve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkTest {

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 1", "7, 13", "20, 6765", "27, 196418"})
    void fibonacciNumbersAreRight(int n, int expected) {
        assertEquals(expected, Work.fib(n));
    }

    @ParameterizedTest
    @CsvSource({"default, ebada5168620c5fe", "a, af63dc4c8601ec8c", "größe, b7450e1ef58140da"})
    void theValueOfAKeyIsItsHashFiveTimes(String key, String hash) {
        assertEquals(hash.repeat(5), Work.originValue(key));
    }

    @Test
    void aShortHashKeepsItsZeros() {
        assertEquals(80, Work.originValue("key-73").length());
    }
}
