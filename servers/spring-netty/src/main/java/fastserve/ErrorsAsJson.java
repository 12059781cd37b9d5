package fastserve;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.reactive.result.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Every error is {"error": what was wrong}; what Spring itself refuses, such as an unknown path, is one too. */
@RestControllerAdvice
class ErrorsAsJson extends ResponseEntityExceptionHandler {

    record Problem(String error) {}

    @ExceptionHandler
    ResponseEntity<Problem> badParameter(BadParameter error) {
        return problem(HttpStatus.BAD_REQUEST, HttpHeaders.EMPTY, error.getMessage());
    }

    @ExceptionHandler
    ResponseEntity<Problem> unavailable(Unavailable error) {
        return problem(HttpStatus.SERVICE_UNAVAILABLE, HttpHeaders.EMPTY, error.getMessage());
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"})
    protected Mono<ResponseEntity<Object>> handleExceptionInternal(
            Exception error, Object body, HttpHeaders headers, HttpStatusCode status, ServerWebExchange exchange) {
        HttpStatus known = HttpStatus.resolve(status.value());
        String text = known == null ? status.toString() : known.getReasonPhrase();
        HttpHeaders sent = headers == null ? HttpHeaders.EMPTY : headers;
        return Mono.just((ResponseEntity) problem(status, sent, text));
    }

    private static ResponseEntity<Problem> problem(HttpStatusCode status, HttpHeaders headers, String text) {
        return ResponseEntity.status(status)
                .headers(headers)
                .contentType(MediaType.APPLICATION_JSON)
                .body(new Problem(text));
    }
}
