import ByteStream
import Hashing
import OCI
import Testing

@testable import Registry

private let bytes = pseudoRandomBytes(3 << 20)
private let blob = Descriptor(
    mediaType: .octetStream, digest: .of(bytes), size: Int64(bytes.count))
private let part: Range<Int64> = 1_000_000..<2_500_000

private func isBlob(_ request: ServedRequest) -> Bool { request.path.contains("/blobs/sha256:") }

private func registry(
    decide: @escaping HTTPServer.Decision = { _ in .proceed }
) throws -> FakeRegistry {
    let registry = try FakeRegistry(decide: decide)
    registry.store.state.withLock { $0.blobs[FakeRegistry.digest(bytes)] = bytes }
    return registry
}

private func answering(_ reply: Reply) throws -> FakeRegistry {
    try registry { isBlob($0) ? .reply(reply) : .proceed }
}

private func wanted(_ range: Range<Int64> = part) -> [UInt8] {
    Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
}

/// The bytes of the part; nil if the registry has only whole blobs.
private func read(
    _ registry: FakeRegistry, _ range: Range<Int64> = part, of descriptor: Descriptor = blob
) throws -> [UInt8]? {
    let sink = MemorySink()
    let isRead = try registry.repository().readBlob(descriptor, range, into: sink)
    if !isRead { #expect(sink.bytes.isEmpty) }
    return isRead ? sink.bytes : nil
}

@Suite struct BlobPartTests {
    @Test(arguments: [part, 0..<1, 3_145_727..<3_145_728, 0..<3_145_728])
    func aPart(range: Range<Int64>) throws {
        let registry = try registry()
        #expect(try read(registry, range) == wanted(range))
        let get = try #require(registry.requests("GET").last)
        if range.count < bytes.count {
            #expect(get[header: "Range"] == "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        }
        #expect(get[header: "Accept-Encoding"] == "identity")
        #expect(registry.requests("GET").filter(isBlob).count == 1)
    }

    @Test func aRegistryWithWholeBlobsOnly() throws {
        let registry = try answering(Reply(200, [], bytes))
        #expect(try read(registry) == nil)
        // From offset 0, a whole blob is as good.
        #expect(try read(registry, 0..<100) == wanted(0..<100))
    }

    /// After a break the rest is requested; if a whole blob comes instead, its beginning is
    /// skipped.
    @Test(arguments: [true, false]) func resumedAfterABreak(rangesAreServed: Bool) throws {
        let counter = Counter()
        let registry = try registry { request in
            guard isBlob(request) else { return .proceed }
            if counter.next() == 0 {
                let range = "bytes 1000000-2499999/\(bytes.count)"
                return .cut(Reply(206, [("Content-Range", range)], wanted()), after: 1000)
            }
            return rangesAreServed ? .proceed : .reply(Reply(200, [], bytes))
        }
        #expect(try read(registry) == wanted())
        let ranges = registry.requests("GET").filter(isBlob).map { $0[header: "Range"] }
        #expect(ranges == ["bytes=1000000-2499999", "bytes=1001000-2499999"])
    }

    @Test(arguments: [
        "bytes 1000000-2499999/2500000", "bytes 1000000-2500000/3145728",
        "bytes 1000000-2499998/3145728", "bytes 999999-2499999/3145728",
        "bytes 1000001-2499999/*", "bytes 0-9223372036854775807/*", "", "items 1000000-2499999/*",
    ])
    func anotherRangeIsAnError(range: String) throws {
        let registry = try answering(Reply(206, [("Content-Range", range)], wanted()))
        let error = #expect(throws: RegistryError.self) { try read(registry) }
        #expect(error?.exitStatus == .protocolError)
    }

    @Test func aLengthThatIsNotThatOfTheRange() throws {
        let range = "bytes 1000000-2499999/\(bytes.count)"
        for body in [Array(wanted().dropLast()), wanted() + [0]] {
            let registry = try answering(Reply(206, [("Content-Range", range)], body))
            let error = #expect(throws: RegistryError.self) { try read(registry) }
            #expect(error?.exitStatus == .protocolError)
        }
    }

    @Test func noSuchRangeAndNoSuchBlob() throws {
        let registry = try registry()
        let longer = Descriptor(
            mediaType: .octetStream, digest: .of(bytes), size: Int64(bytes.count) + 100)
        let range = Int64(bytes.count)..<(Int64(bytes.count) + 50)
        let error = #expect(throws: RegistryError.self) { try read(registry, range, of: longer) }
        #expect(error?.exitStatus == .protocolError)
        let absent = Descriptor(mediaType: .octetStream, digest: .of([1]), size: 100)
        guard
            case .noBlob = #expect(
                throws: RegistryError.self,
                performing: {
                    try read(registry, 0..<10, of: absent)
                })
        else { return #expect(Bool(false)) }
    }

    @Test func refusals() throws {
        for (status, expected) in [(400, ExitStatus.unavailable), (403, .denied)] {
            let registry = try answering(Reply(status))
            let error = #expect(throws: RegistryError.self) { try read(registry) }
            #expect(error?.exitStatus == expected)
        }
    }

    /// The range is sent to the storage, credentials are not.
    @Test func redirectToStorage() throws {
        let storage = try registry()
        let target = "http://\(storage.server.authority)/v2/x/blobs/\(FakeRegistry.digest(bytes))"
        let registry = try registry { request in
            if request[header: "Authorization"] == nil {
                return .reply(Reply(401, [("WWW-Authenticate", "Basic realm=\"x\"")]))
            }
            return isBlob(request) ? .reply(Reply(307, [("Location", target)])) : .proceed
        }
        let directory = try TemporaryDirectory()
        let client = try authenticatedClient(directory, registry.server.authority)
        let sink = MemorySink()
        #expect(try registry.repository("a/b", client).readBlob(blob, part, into: sink))
        #expect(sink.bytes == wanted())
        let request = try #require(storage.server.log.first)
        #expect(request[header: "Range"] == "bytes=1000000-2499999")
        #expect(request[header: "Authorization"] == nil)
    }
}
