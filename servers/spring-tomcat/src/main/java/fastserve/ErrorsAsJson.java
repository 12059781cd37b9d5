package fastserve;

import org.apache.tomcat.util.http.InvalidParameterException;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** Every error is {"error": what was wrong}; what Spring itself refuses, such as an unknown path, is one too. */
@RestControllerAdvice
class ErrorsAsJson extends ResponseEntityExceptionHandler {

    record Problem(String error) {}

    @ExceptionHandler
    ResponseEntity<Problem> badParameter(BadParameter error) {
        return problem(HttpStatus.BAD_REQUEST, HttpHeaders.EMPTY, error.getMessage());
    }

    @ExceptionHandler
    ResponseEntity<Problem> badQuery(InvalidParameterException error) {
        return problem(HttpStatus.BAD_REQUEST, HttpHeaders.EMPTY, "the query cannot be read");
    }

    @ExceptionHandler
    ResponseEntity<Problem> unavailable(Unavailable error) {
        return problem(HttpStatus.SERVICE_UNAVAILABLE, HttpHeaders.EMPTY, error.getMessage());
    }

    @ExceptionHandler
    ResponseEntity<Problem> databaseUnavailable(DataAccessException error) {
        return problem(HttpStatus.SERVICE_UNAVAILABLE, HttpHeaders.EMPTY, "the database does not answer");
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"})
    protected ResponseEntity<Object> handleExceptionInternal(
            Exception error, Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        HttpStatus known = HttpStatus.resolve(status.value());
        String text = known == null ? status.toString() : known.getReasonPhrase();
        return (ResponseEntity) problem(status, headers, text);
    }

    private static ResponseEntity<Problem> problem(HttpStatusCode status, HttpHeaders headers, String text) {
        return ResponseEntity.status(status)
                .headers(headers)
                .contentType(MediaType.APPLICATION_JSON)
                .body(new Problem(text));
    }
}
