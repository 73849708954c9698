import ByteStream

/// Header fields in the order they came, names compared without case.
///
/// - Spec: RFC 9110, section 5.
struct HTTPHeaders: Sendable, Hashable {
    struct Field: Sendable, Hashable {
        let name: String
        let value: String
    }

    private(set) var fields: [Field] = []

    init() {}

    init(_ fields: [(String, String)]) {
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value of `name`.
    subscript(name: String) -> String? {
        fields.first { equalsIgnoringCase($0.name, name) }?.value
    }

    func all(_ name: String) -> [String] {
        fields.filter { equalsIgnoringCase($0.name, name) }.map(\.value)
    }

    mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Adds the field of a line as it came, without its line end; a line that is none is dropped.
    mutating func add(line: some Sequence<UInt8>) {
        let bytes = Array(line)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return }
        let value = bytes[(colon + 1)...].trimmingWhiteSpace()
        add(
            String(decoding: bytes[..<colon], as: UTF8.self),
            String(decoding: value, as: UTF8.self))
    }
}

/// ASCII letters only, as HTTP compares names.
func equalsIgnoringCase(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count
        && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
}

func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension ArraySlice<UInt8> {
    /// Without spaces, tabs and line ends at both ends.
    func trimmingWhiteSpace() -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        guard let first = firstIndex(where: { !isSpace($0) }),
            let last = lastIndex(where: { !isSpace($0) })
        else { return [] }
        return self[first...last]
    }
}

/// What a request sends. Read from one thread, from the first byte to the last.
protocol RequestBody: AnyObject {
    /// nil when it is not known before the end.
    var byteCount: Int64? { get }

    /// Fills part of `buffer`; 0 means the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Goes back to the first byte; false when that is gone.
    func rewind() -> Bool

    /// Whether it does no harm to send it again without knowing what became of it.
    var mayBeSentTwice: Bool { get }

    /// Comes to an end soon, because of a signal.
    ///
    /// - Returns: false when it cannot, and the exchange must be broken off.
    func abandon() -> Bool
}

extension RequestBody {
    func abandon() -> Bool { false }
}

/// A request body in memory.
final class BytesBody: RequestBody {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var byteCount: Int64? { Int64(bytes.count) }
    var mayBeSentTwice: Bool { true }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
    }

    func rewind() -> Bool {
        position = 0
        return true
    }
}

/// One HTTP request, complete but for what the connection adds.
struct HTTPRequest {
    var method: String
    var url: HTTPURL
    var headers = HTTPHeaders()
    var body: (any RequestBody)?
    /// How much of the answer's body is kept when no sink takes it.
    var bodyLimit = 64 << 10
    /// Called once when the head of the answer is there: a sink takes the body instead of memory.
    var sink: ((HTTPResponse) throws -> (any ByteSink)?)?
    /// The most that the whole exchange may take.
    var timeout: Duration?
    /// How long no byte may move; nil is as the options say.
    var stallTimeout: Duration?
    /// Goes on after a signal: for what cleans up.
    var ignoresInterruption = false
    /// Waits a while for the answer after a signal: it may have opened what must be closed.
    var awaitsAnswer = false

    init(_ method: String, _ url: HTTPURL) {
        self.method = method
        self.url = url
    }
}

/// An answer, as far as it was kept.
struct HTTPResponse: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8] = []
    /// There was more than `bodyLimit`, or the connection broke before the end of the body.
    var bodyIsCut = false

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why an exchange has no answer.
enum TransportFailure: Error {
    /// Nobody listens, or the name has no address.
    case unreachable(String, refused: Bool)
    /// The connection broke, or what came was not HTTP.
    case broken(String)
    case timedOut(String)
    /// The other side could not prove who it is, or did not accept who we are.
    case tls(String)
    /// Our own settings: a certificate file that cannot be read.
    case settings(String)
    /// HTTP/1.0 has no bodies of unknown length.
    case lengthRequired
    case interrupted
}
