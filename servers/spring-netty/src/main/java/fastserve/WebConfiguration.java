package fastserve;

import java.time.Duration;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.MediaType;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.reactive.accept.RequestedContentTypeResolverBuilder;
import org.springframework.web.reactive.config.WebFluxConfigurer;
import reactor.netty.resources.LoopResources;

/** What application.properties cannot say of Reactor Netty and Spring WebFlux. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration implements WebFluxConfigurer {
    private static final Duration STOP_WITHIN = Duration.ofMillis(300);

    @Override
    public void configureContentTypeResolver(RequestedContentTypeResolverBuilder builder) {
        // Each route has one representation, whatever a client says it would like.
        builder.fixedResolver(MediaType.APPLICATION_JSON);
    }

    @Bean
    ReactorResourceFactory reactorResources(Settings settings) {
        ReactorResourceFactory resources = new ReactorResourceFactory();
        resources.setUseGlobalResources(false);
        // Reactor Netty's own default is one event loop for each processor, but never fewer than four.
        resources.setLoopResourcesSupplier(() -> LoopResources.create("http", settings.serverCpus(), true));
        // The grace period is over when the loops are asked to end.
        resources.setShutdownQuietPeriod(Duration.ZERO);
        resources.setShutdownTimeout(STOP_WITHIN);
        return resources;
    }

    @Bean
    WebServerFactoryCustomizer<NettyReactiveWebServerFactory> netty() {
        // Event loops stand behind the threads that compile, see run.sh.
        return factory -> factory.addServerCustomizers(server ->
                server.doOnConnection(connection -> Thread.currentThread().setPriority(Thread.MIN_PRIORITY)));
    }
}
