package fastserve;

import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.MediaType;
import org.springframework.web.servlet.config.annotation.ContentNegotiationConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** What application.properties cannot say of Tomcat and Spring MVC. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration implements WebMvcConfigurer {

    @Override
    public void configureContentNegotiation(ContentNegotiationConfigurer configurer) {
        // Each route has one representation, whatever a client says it would like.
        configurer.ignoreAcceptHeader(true).defaultContentType(MediaType.APPLICATION_JSON);
    }

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcat() {
        return factory -> {
            factory.addEngineValves(new NamelessParameters());
            // After the grace period Tomcat would wait 5 s more for a thread that computes.
            factory.addConnectorCustomizers(
                    connector -> connector.setProperty("executorTerminationTimeoutMillis", "300"),
                    // Behind the threads that compile, see run.sh.
                    connector -> connector.setProperty("threadPriority", String.valueOf(Thread.MIN_PRIORITY)));
        };
    }
}
