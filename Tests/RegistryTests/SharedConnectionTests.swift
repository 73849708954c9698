import ByteStream
import Glibc
import Testing

@testable import Registry

/// Several threads at one connection object of libcurl, of which one at a time drives all exchanges.
@Suite struct SharedConnectionTests {
    private let connection: CurlConnection

    init() throws {
        connection = try CurlConnection(
            TransportSettings(
                RegistryOptions(), environment: Environment([:]), secrets: Secrets()))
    }

    private func get(_ target: String, _ server: HTTPServer) -> HTTPRequest {
        HTTPRequest("GET", HTTPURL(scheme: "http", authority: server.authority, target: target))
    }

    private func begin(_ request: HTTPRequest) -> BackgroundResult<HTTPResponse> {
        let connection = connection
        // Each thread uses its own.
        nonisolated(unsafe) let request = request
        return BackgroundResult { try connection.perform(request) }
    }

    @Test func eachGetsItsOwnAnswer() throws {
        let server = try HTTPServer { Reply(200, text: $0.target) }
        for round in 0..<20 {
            let targets = (0..<8).map { "/\(round)/\($0)" }
            let answers = targets.map { begin(get($0, server)) }
            for (target, answer) in zip(targets, answers) {
                #expect(try answer.wait().body == Array(target.utf8))
            }
        }
    }

    /// The thread that drives ends first: another one goes on.
    @Test func theFirstIsAnsweredFirst() throws {
        let isOver = Guarded(false)
        let server = try HTTPServer { request in
            while request.target != "/first", !isOver.withLock({ $0 }) { usleep(1000) }
            return Reply(200, text: request.target)
        }
        let later = (0..<4).map { begin(get("/later/\($0)", server)) }
        #expect(try begin(get("/first", server)).wait().status == 200)
        isOver.withLock { $0 = true }
        for answer in later { #expect(try answer.wait().status == 200) }
    }

    /// One that fails, or is never answered, does the others no harm.
    @Test func failuresAreOfOne() throws {
        let server = try HTTPServer { request in
            if request.target == "/silent" { sleep(1000) }
            return Reply(200, text: request.target)
        }
        let port = try freePort()
        var silent = get("/silent", server)
        silent.stallTimeout = .milliseconds(100)
        let unanswered = begin(silent)
        let refused = begin(
            HTTPRequest(
                "GET", HTTPURL(scheme: "http", authority: "127.0.0.1:\(port)", target: "/")))
        for number in 0..<8 {
            #expect(try begin(get("/\(number)", server)).wait().status == 200)
        }
        #expect(throws: TransportFailure.self) { try refused.wait() }
        #expect(throws: TransportFailure.self) { try unanswered.wait() }
        #expect(try begin(get("/again", server)).wait().status == 200)
    }
}
