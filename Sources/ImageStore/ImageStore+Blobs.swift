import ByteStream
import Glibc
import Hashing
import OCI

extension ImageStore {
    /// Stores a blob at every one of `targets`, from one reading.
    ///
    /// Several names of one repository count once. A place that fails does not stop the others.
    /// Each place keeps its own window of the bytes (`writeBlob` of a repository), and the fastest
    /// is at most a few MiB ahead of the slowest.
    ///
    /// - Parameter mountFrom: repositories that may have the blob, for targets of a registry.
    /// - Throws: what the source throws; for one place, what it throws; for several,
    ///   `StoreError.notEverywhere`.
    public func writeBlob(
        _ source: any BlobSource, to targets: [Reference],
        mountFrom: @escaping @Sendable (Reference) -> [String]
    ) throws {
        let places = Reference.places(of: targets)
        if places.count == 1 {
            let repository = try repository(for: places[0])
            _ = try repository.writeBlob(source, mountFrom: mountFrom(places[0]))
            return
        }
        let shared = SharedBlob(source, readerCount: places.count)
        let errors = Guarded<[(any Error)?]>(Array(repeating: nil, count: places.count))
        var threads: [WorkerThread] = []
        for (number, place) in places.enumerated() {
            let store: @Sendable () -> Void = {
                defer { shared.leave(number) }
                do {
                    let repository = try self.repository(for: place)
                    _ = try repository.writeBlob(
                        shared.blob(for: number), mountFrom: mountFrom(place))
                } catch {
                    errors.withLock { $0[number] = error }
                }
            }
            // Each place needs its own thread, because they wait for each other; the last uses this
            // thread.
            if number == places.count - 1 {
                store()
            } else if let thread = WorkerThread(store) {
                threads.append(thread)
            } else {
                shared.leave(number)
                errors.withLock {
                    $0[number] = StreamError.system(
                        call: "pthread_create", Errno(rawValue: EAGAIN))
                }
            }
        }
        for thread in threads { thread.join() }
        if let failure = shared.failure { throw failure }
        let failures = zip(places, errors.withLock { $0 }).compactMap { place, error in
            error.map { PlaceFailure(place: place.description, error: $0) }
        }
        if !failures.isEmpty {
            throw StoreError.notEverywhere(failures, placeCount: places.count)
        }
    }
}

extension ImageStore {
    /// Stores a blob in a repository of a registry, with a file that records the open upload.
    ///
    /// - Throws: as `RegistryRepository.writeBlob`.
    public func writeBlob(
        _ source: any BlobSource, to target: RegistryReference, mountFrom: [String],
        resumeFile: Path
    ) throws {
        let repository = try registryClient().repository(target)
        _ = try repository.writeBlob(source, mountFrom: mountFrom, resumeFile: resumeFile)
    }
}

/// Why a blob was not stored in a place.
public struct PlaceFailure: Sendable {
    public let place: String
    public let failure: any Failure

    init(place: String, error: any Error) {
        self.place = place
        failure = error as? any Failure ?? InternalError(error)
    }
}
