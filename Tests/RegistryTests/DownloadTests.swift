import ByteStream
import Hashing
import OCI
import Testing

@testable import Registry

private let bytes = pseudoRandomBytes(3 << 20)

private func descriptor(_ bytes: [UInt8]) -> Descriptor {
    Descriptor(mediaType: .octetStream, digest: .of(bytes), size: Int64(bytes.count))
}

private func registry(
    _ content: [UInt8] = bytes, as name: String? = nil,
    decide: @escaping HTTPServer.Decision = { _ in .proceed }
) throws -> FakeRegistry {
    let registry = try FakeRegistry(decide: decide)
    registry.store.state.withLock { $0.blobs[name ?? FakeRegistry.digest(content)] = content }
    return registry
}

private func read(_ registry: FakeRegistry, _ wanted: Descriptor = descriptor(bytes)) throws
    -> [UInt8]
{
    let sink = MemorySink()
    try registry.repository().readBlob(wanted, into: sink)
    return sink.bytes
}

private func isBlob(_ request: ServedRequest) -> Bool { request.path.contains("/blobs/sha256:") }

@Suite struct DownloadTests {
    @Test func wholeBlob() throws {
        let registry = try registry()
        #expect(try read(registry) == bytes)
        let get = try #require(registry.requests("GET").last)
        #expect(get[header: "Accept-Encoding"] == "identity")
        #expect(get[header: "Range"] == nil)
    }

    /// The client does not retain the sink, and nothing retains the client.
    @Test func nothingIsLeftOfADownload() throws {
        let registry = try registry()
        weak var sink: MemorySink?
        weak var client: RegistryClient?
        try {
            let repository = try registry.repository()
            let taken = MemorySink()
            (sink, client) = (taken, repository.client)
            try repository.readBlob(descriptor(bytes), into: taken)
        }()
        #expect(sink == nil)
        #expect(client == nil)
    }

    @Test func emptyBlobAndEmptyDocument() throws {
        for content in [[], Array("{}".utf8)] as [[UInt8]] {
            #expect(try read(registry(content), descriptor(content)) == content)
        }
    }

    @Test(arguments: [true, false]) func resumedAfterABreak(rangesAreServed: Bool) throws {
        let counter = Counter()
        let registry = try registry { request in
            guard isBlob(request) else { return .proceed }
            if counter.next() == 0 { return .cut(Reply(200, [], bytes), after: 1 << 20) }
            return rangesAreServed ? .proceed : .reply(Reply(200, [], bytes))
        }
        #expect(try read(registry) == bytes)
        let ranges = registry.requests("GET").filter(isBlob).map { $0[header: "Range"] }
        #expect(ranges == [nil, "bytes=1048576-"])
    }

    @Test func resumedFromAnEarlierByte() throws {
        let counter = Counter()
        let registry = try registry { request in
            guard isBlob(request) else { return .proceed }
            if counter.next() == 0 { return .cut(Reply(200, [], bytes), after: 1000) }
            return .reply(
                Reply(
                    206, [("Content-Range", "bytes 500-\(bytes.count - 1)/\(bytes.count)")],
                    Array(bytes[500...])))
        }
        #expect(try read(registry) == bytes)
    }

    @Test(arguments: ["bytes 2000-3145727/3145728", "", "bytes 5-1/3", "x"])
    func anotherRangeIsAnError(range: String) throws {
        let counter = Counter()
        let registry = try registry { request in
            guard isBlob(request) else { return .proceed }
            if counter.next() == 0 { return .cut(Reply(200, [], bytes), after: 1000) }
            return .reply(Reply(206, [("Content-Range", range)], Array(bytes[2000...])))
        }
        let error = #expect(throws: RegistryError.self) { try read(registry) }
        #expect(error?.exitStatus == .protocolError)
    }

    /// A false length: the answer ends early, although HTTP considers it complete.
    @Test func shorterThanAnnounced() throws {
        let registry = try registry { request in
            isBlob(request)
                ? .raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc") : .proceed
        }
        let error = #expect(throws: RegistryError.self) { try read(registry) }
        #expect(error?.exitStatus == .temporary)
    }

    @Test func wrongBytes() throws {
        var other = bytes
        other[77] ^= 1
        let registry = try registry(other, as: FakeRegistry.digest(bytes))
        let error = #expect(throws: VerificationError.self) { try read(registry) }
        #expect(error?.exitStatus == .dataError)
    }

    @Test(arguments: [-1, 1]) func wrongSize(difference: Int64) throws {
        let registry = try registry()
        let wrong = Descriptor(
            mediaType: .octetStream, digest: .of(bytes), size: Int64(bytes.count) + difference)
        #expect(throws: VerificationError.self) { try read(registry, wrong) }
    }

    @Test func longerThanAnnouncedWithoutALength() throws {
        let registry = try registry { request in
            isBlob(request)
                ? .raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcdef") : .proceed
        }
        let wanted = descriptor(Array("abc".utf8))
        #expect(throws: VerificationError.self) { try read(registry, wanted) }
    }

    @Test func absent() throws {
        let registry = try registry()
        let error = #expect(throws: RegistryError.self) {
            try read(registry, descriptor([1]))
        }
        #expect(error?.exitStatus == .unavailable)
        guard case .noBlob = error else { return #expect(Bool(false)) }
    }

    /// Redirects carry no credentials, and their number is bounded.
    @Test func redirectToStorage() throws {
        let storage = try registry()
        let target =
            "http://\(storage.server.authority)/v2/x/blobs/\(FakeRegistry.digest(bytes))?sig=a%2Fb"
        let registry = try registry { request in
            if request[header: "Authorization"] == nil {
                return .reply(Reply(401, [("WWW-Authenticate", "Basic realm=\"x, y\"")]))
            }
            return isBlob(request)
                ? .reply(Reply(307, [("Location", target)], text: "<a>see there</a>")) : .proceed
        }
        let directory = try TemporaryDirectory()
        let client = try authenticatedClient(directory, registry.server.authority)
        let sink = MemorySink()
        try registry.repository("a/b", client).readBlob(descriptor(bytes), into: sink)
        #expect(sink.bytes == bytes)
        let request = try #require(storage.server.log.first)
        #expect(request.target.hasSuffix("?sig=a%2Fb"))
        #expect(request[header: "Authorization"] == nil)
    }

    @Test func redirectsWithoutEnd() throws {
        let registry = try registry { request in
            isBlob(request) ? .reply(Reply(302, [("Location", request.target)])) : .proceed
        }
        let error = #expect(throws: RegistryError.self) { try read(registry) }
        #expect(error?.exitStatus == .protocolError)
        #expect(registry.requests("GET").filter(isBlob).count == 11)
    }

    @Test(arguments: ["file:///etc/passwd", "", "ftp://x/y", "http://a b/", "gopher:x"])
    func redirectToNowhere(location: String) throws {
        let registry = try registry { request in
            isBlob(request) ? .reply(Reply(302, [("Location", location)])) : .proceed
        }
        let error = #expect(throws: RegistryError.self) { try read(registry) }
        #expect(error?.exitStatus == .protocolError || location.isEmpty)
    }

    @Test func failingSink() throws {
        final class Full: ByteSink {
            struct Error: Swift.Error {}
            func write(_ bytes: UnsafeRawBufferPointer) throws { throw Error() }
        }
        let registry = try registry()
        #expect(throws: Full.Error.self) {
            try registry.repository().readBlob(descriptor(bytes), into: Full())
        }
        #expect(registry.requests("GET").filter(isBlob).count == 1)
    }

    @Test func progress() throws {
        let registry = try registry()
        let events = Recorder<TransferEvent>()
        let client = try testClient { $0.progress = { events.add($0) } }
        try registry.repository("a/b", client).readBlob(descriptor(bytes), into: MemorySink())
        let last = try #require(events.all.last)
        #expect(last.state == .finished)
        #expect(last.byteCount == Int64(bytes.count))
        #expect(last.totalByteCount == Int64(bytes.count))
    }
}
