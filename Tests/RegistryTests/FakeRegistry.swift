import ByteStream
import Hashing
import OCI
import Synchronization

@testable import Registry

/// A registry that follows the specification, except where a test makes it differ.
final class FakeRegistry: Sendable {
    struct State: Sendable {
        var blobs: [String: [UInt8]] = [:]
        var manifests: [String: (type: String, bytes: [UInt8])] = [:]
        var uploads: [String: [UInt8]] = [:]
        var counter = 0
    }

    /// Shared with the server's threads and with the tests' closures.
    final class Store: Sendable {
        let state = Guarded(State())

        var blobs: [String: [UInt8]] { state.withLock { $0.blobs } }
        var uploads: [String: [UInt8]] { state.withLock { $0.uploads } }

        /// Appends to an open upload, as a part of a broken body.
        func append(_ bytes: [UInt8], to target: String) {
            state.withLock { $0.uploads[FakeRegistry.uploadKey(target), default: []] += bytes }
        }
    }

    let store: Store
    let server: HTTPServer

    init(
        _ store: Store = Store(), decide: @escaping HTTPServer.Decision = { _ in .proceed }
    ) throws {
        self.store = store
        server = try HTTPServer(decide: decide) { FakeRegistry.handle($0, store) }
    }

    func repository(_ path: String = "a/b", _ client: RegistryClient? = nil) throws
        -> RegistryRepository
    {
        try (client ?? testClient()).repository(
            RegistryReference("\(server.authority)/\(path):tag"))
    }

    /// Methods and targets, without the probe of `/v2/`, and with upload names as `N`.
    var lines: [String] {
        server.log.filter { $0.target != "/v2/" }.map(\.line)
    }

    func requests(_ method: String) -> [ServedRequest] {
        server.log.filter { $0.method == method }
    }

    static func uploadKey(_ target: String) -> String {
        String(target.prefix { $0 != "?" }.split(separator: "/").last ?? "")
    }

    static func digest(_ bytes: [UInt8]) -> String { Digest.of(bytes).description }

    static func error(_ status: Int, _ code: String) -> Reply {
        Reply(
            status,
            [
                ("Content-Type", "application/json"),
                ("Docker-Distribution-Api-Version", "registry/2.0"),
            ],
            text: #"{"errors":[{"code":"\#(code)","message":"as the test wants"}]}"#)
    }

    static func handle(_ request: ServedRequest, _ store: Store) -> Reply {
        if request.path == "/v2/" { return Reply(200) }
        if request.path.contains("/blobs/uploads/") { return upload(request, store) }
        if request.path.contains("/blobs/") { return blob(request, store) }
        if request.path.contains("/manifests/") { return manifest(request, store) }
        return error(404, "NAME_UNKNOWN")
    }

    private static func name(_ request: ServedRequest) -> String {
        String(request.path.split(separator: "/").last ?? "")
    }

    private static func blob(_ request: ServedRequest, _ store: Store) -> Reply {
        guard let bytes = store.blobs[name(request)] else { return error(404, "BLOB_UNKNOWN") }
        if let range = request[header: "Range"], request.method == "GET",
            range.hasPrefix("bytes=")
        {
            guard let wanted = Self.range(range, of: bytes.count) else {
                return error(416, "RANGE_INVALID")
            }
            return Reply(
                206,
                [
                    (
                        "Content-Range",
                        "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(bytes.count)"
                    )
                ],
                Array(bytes[wanted]))
        }
        return Reply(200, [], bytes)
    }

    /// `bytes=10-` and `bytes=10-99`; nil without a range.
    private static func range(_ text: String, of count: Int) -> Range<Int>? {
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), first < count else { return nil }
        return first..<min(count, (Int(ends[1]) ?? count - 1) + 1)
    }

    private static func manifest(_ request: ServedRequest, _ store: Store) -> Reply {
        let name = name(request)
        if request.method == "PUT" {
            let digest = digest(request.body)
            let type = request[header: "Content-Type"] ?? ""
            store.state.withLock {
                $0.manifests[name] = (type, request.body)
                $0.manifests[digest] = (type, request.body)
            }
            return Reply(201, [("Docker-Content-Digest", digest)])
        }
        guard let manifest = store.state.withLock({ $0.manifests[name] }) else {
            return error(404, "MANIFEST_UNKNOWN")
        }
        if request.method == "DELETE" {
            store.state.withLock { state in
                if name.contains(":") {
                    state.manifests = state.manifests.filter { $0.value.bytes != manifest.bytes }
                } else {
                    state.manifests[name] = nil
                }
            }
            return Reply(202)
        }
        return Reply(
            200,
            [
                ("Content-Type", manifest.type),
                ("Docker-Content-Digest", digest(manifest.bytes)),
            ], manifest.bytes)
    }

    private static func upload(_ request: ServedRequest, _ store: Store) -> Reply {
        let key = uploadKey(request.target)
        let base = request.path.prefix(upTo: request.path.range(of: "/blobs/uploads/"))
        return store.state.withLock { state in
            if request.method == "POST" {
                let isOwn = base == "/v2/\(request[query: "from"] ?? "")"
                if isOwn, let digest = request[query: "mount"], state.blobs[digest] != nil {
                    return Reply(201, [("Docker-Content-Digest", digest)])
                }
                state.counter += 1
                state.uploads["u\(state.counter)"] = []
                return Reply(202, location(base, "u\(state.counter)", state))
            }
            guard var bytes = state.uploads[key] else {
                return error(404, "BLOB_UPLOAD_UNKNOWN")
            }
            switch request.method {
            case "DELETE":
                state.uploads[key] = nil
                return Reply(204)
            case "GET": return Reply(204, location(base, key, state))
            default: break
            }
            if let range = request[header: "Content-Range"] {
                guard range == "\(bytes.count)-\(bytes.count + request.body.count - 1)" else {
                    return Reply(416, location(base, key, state))
                }
            }
            bytes += request.body
            state.uploads[key] = bytes
            if request.method == "PATCH" { return Reply(202, location(base, key, state)) }
            let digest = digest(bytes)
            guard digest == request[query: "digest"] else { return error(400, "DIGEST_INVALID") }
            state.uploads[key] = nil
            state.blobs[digest] = bytes
            return Reply(201, [("Docker-Content-Digest", digest)])
        }
    }

    /// A new location each time, with a query that must be sent back.
    private static func location(
        _ base: Substring, _ key: String, _ state: State
    ) -> [(String, String)] {
        let count = state.uploads[key]?.count ?? 0
        return [
            ("Location", "\(base)/blobs/uploads/\(key)?_state=a%2Fb%3D\(count)"),
            ("Range", "0-\(max(0, count - 1))"),
        ]
    }
}

extension String {
    fileprivate func range(of text: String) -> String.Index {
        firstRange(of: text)?.lowerBound ?? endIndex
    }
}

/// A stream of unknown length; fails at its end if told to.
final class StreamSource: BlobSource {
    struct Cut: Error {}

    private let hashing: HashingSource
    private let isCut: Bool
    let canRewind: Bool
    private let bytes: [UInt8]
    private var inner: HashingSource
    /// Called with the offset before each read.
    var onRead: ((Int64) -> Void)?
    private var offset: Int64 = 0

    init(_ bytes: [UInt8], isCut: Bool = false, canRewind: Bool = false) {
        self.bytes = bytes
        self.isCut = isCut
        self.canRewind = canRewind
        hashing = HashingSource(MemorySource(bytes))
        inner = hashing
    }

    var announced: BlobIdentity? { nil }
    var identity: BlobIdentity { inner.identity }

    func rewind() -> Bool {
        if canRewind { inner = HashingSource(MemorySource(bytes)) }
        return canRewind
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        onRead?(offset)
        let count = try inner.read(into: buffer)
        offset += Int64(count)
        if count == 0 && isCut { throw Cut() }
        return count
    }
}

/// Counts calls, from any thread.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    /// The number of calls before.
    func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
    var count: Int { value.load(ordering: .relaxed) }
}
