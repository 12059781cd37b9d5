package fastserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    private static final Map<String, String> RIGHT = Map.of(
            "PORT", "8080",
            "CACHE_BACKEND", "redis",
            "REDIS_URL", "redis://:p%40ss@127.0.0.1:6379/2",
            "DB_BACKEND", "mysql",
            "MYSQL_URL", "mysql://user:p+w@[::1]:3306/shop");

    @Test
    void urlsAreTakenApart() {
        Settings settings = Settings.from(RIGHT);

        assertEquals(new Settings.Server("127.0.0.1", 6379, "", "p@ss", "2"), settings.redis());
        assertEquals(new Settings.Server("[::1]", 3306, "user", "p+w", "shop"), settings.mysql());
    }

    @ParameterizedTest
    @CsvSource({
        "PORT, 0", "PORT, +1", "BIND, 1.2.3", "BIND, 1.2.3.4.", "BIND, ::g", "SERVER_CPUS, 0.5", "CACHE_TTL_S, 0",
        "REDIS_URL, redis://127.0.0.1", "REDIS_URL, redis://:a@h:99999/0", "MYSQL_URL, mysql://u@h:1/d",
        "METRICS, some"
    })
    void aWrongSettingIsNamed(String name, String value) {
        Map<String, String> variables = new HashMap<>(RIGHT);
        variables.put(name, value);

        WrongSetting error = assertThrows(WrongSetting.class, () -> Settings.from(variables));

        assertTrue(error.getMessage().startsWith(name + ": expected "), error.getMessage());
    }
}
