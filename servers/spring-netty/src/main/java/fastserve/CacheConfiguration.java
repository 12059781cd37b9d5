package fastserve;

import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.json.JsonMapper;

/** The cache that CACHE_BACKEND names. */
@Configuration(proxyBeanMethods = false)
class CacheConfiguration {

    @Bean
    @ConditionalOnProperty(name = "CACHE_BACKEND", havingValue = "none")
    Entries noEntries() {
        return new NoEntries();
    }

    @Bean
    @ConditionalOnProperty(name = "CACHE_BACKEND", havingValue = "memory", matchIfMissing = true)
    Entries memoryEntries(Settings settings) {
        return new MemoryEntries(settings.cacheTtl());
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnProperty(name = "CACHE_BACKEND", havingValue = "redis")
    static class Redis {
        @Bean
        RedisLink redisLink(Settings settings) {
            RedisLink link = new RedisLink(settings.redis());
            // A first attempt while the rest starts loads the driver's classes, also where Redis is away.
            link.connection();
            return link;
        }

        @Bean
        Entries redisEntries(RedisLink link, JsonMapper json, Settings settings) {
            return new RedisEntries(link, json, settings.cacheTtl());
        }
    }
}
