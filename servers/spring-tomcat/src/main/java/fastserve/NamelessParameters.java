package fastserve;

import jakarta.servlet.ServletException;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.tomcat.util.buf.ByteChunk;
import org.apache.tomcat.util.buf.MessageBytes;

/** Takes parameters without a name, as in "?=1&n=2", out of a query: Tomcat refuses them, the contract does not. */
final class NamelessParameters extends ValveBase {
    NamelessParameters() {
        super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        MessageBytes query = request.getCoyoteRequest().queryString();
        // Bytes are looked at, so that no text is made of the many queries that have none of them.
        ByteChunk bytes = query.getByteChunk();
        if (!query.isNull() && (bytes.startsWith("=", 0) || bytes.indexOf("&=", 0, 2, 0) >= 0)) {
            query.setString(query.toString().replaceAll("(?<=^|&)=[^&]*", ""));
        }
        getNext().invoke(request, response);
    }
}
