import ByteStream
import Glibc
import Hashing
import OCI
import Testing

@testable import Registry

/// Sends a signal and waits until it is recorded: any thread may receive it, and not at once.
private func signalThisProcess() {
    kill(getpid(), SIGTERM)
    while Interruption.signal == nil { sched_yield() }
}

/// Signals belong to the process, so each test has its own.
@Suite struct InterruptionTests {
    /// A signal ends the transfer and cancels the upload.
    @Test func signalDuringAnUpload() async {
        await #expect(processExitsWith: .success) {
            Interruption.arm()
            let registry = try FakeRegistry()
            let source = StreamSource(pseudoRandomBytes(40 << 20))
            source.onRead = { if $0 >= 20 << 20 { signalThisProcess() } }
            let error = #expect(throws: RegistryError.self) {
                try registry.repository().writeBlob(source, mountFrom: [])
            }
            guard case .interrupted = error else { exit(3) }
            #expect(registry.requests("PUT").isEmpty)
            #expect(registry.requests("DELETE").count == 1)
            #expect(registry.store.uploads.isEmpty)
        }
    }

    @Test func signalWhileNothingComes() async {
        await #expect(processExitsWith: .success) {
            Interruption.arm()
            let registry = try FakeRegistry { request in
                guard request.path.contains("/manifests/") else { return .proceed }
                kill(getpid(), SIGTERM)
                while true { sleep(1000) }
            }
            let error = #expect(throws: RegistryError.self) {
                try registry.repository().manifest(.tag("x"))
            }
            guard case .interrupted = error else { exit(3) }
        }
    }

    @Test func signalWhileWaitingToRetry() async {
        await #expect(processExitsWith: .success) {
            Interruption.arm()
            let registry = try FakeRegistry { request in
                guard request.path.contains("/manifests/") else { return .proceed }
                kill(getpid(), SIGHUP)
                return .reply(Reply(503, [("Retry-After", "200")]))
            }
            let client = try testClient(sleep: pause)
            let error = #expect(throws: RegistryError.self) {
                try registry.repository("a/b", client).manifest(.tag("x"))
            }
            guard case .interrupted = error else { exit(3) }
        }
    }

    @Test func signalDuringADownload() async {
        await #expect(processExitsWith: .success) {
            final class Raising: ByteSink {
                func write(_ bytes: UnsafeRawBufferPointer) { signalThisProcess() }
            }
            Interruption.arm()
            let bytes = pseudoRandomBytes(8 << 20)
            let registry = try FakeRegistry()
            registry.store.state.withLock { $0.blobs[FakeRegistry.digest(bytes)] = bytes }
            let descriptor = Descriptor(
                mediaType: .octetStream, digest: .of(bytes), size: Int64(bytes.count))
            let error = #expect(throws: RegistryError.self) {
                try registry.repository().readBlob(descriptor, into: Raising())
            }
            guard case .interrupted = error else { exit(3) }
        }
    }
}
