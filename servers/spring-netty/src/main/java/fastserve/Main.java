package fastserve;

import java.util.Map;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.support.GenericApplicationContext;

/** The endpoint contract in Spring WebFlux on Reactor Netty. */
@SpringBootApplication
public class Main {

    public static void main(String[] arguments) {
        Settings settings;
        try {
            // Before Spring starts, whose report of a failure is many lines.
            settings = Settings.from(System.getenv());
        } catch (WrongSetting error) {
            System.err.println("spring-netty: " + error.getMessage());
            System.exit(2);
            return;
        }
        new SpringApplicationBuilder(Main.class)
                .properties(Map.of("server.port", settings.port(), "server.address", settings.bind()))
                .profiles(settings.metrics() ? new String[] {"metrics"} : new String[0])
                .initializers(context -> ((GenericApplicationContext) context)
                        .registerBean(Settings.class, () -> settings))
                .run(arguments);
    }
}
