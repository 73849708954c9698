import ByteStream
import Hashing
import JSON
import OCI
import Registry
import Testing

@testable import ImageStore

/// A repository without a referrers API: manifests by tag, and what others write in between.
private final class Tags: Repository {
    private struct State {
        var manifests: [String: RawManifest] = [:]
        var putCount = 0
    }

    private let state = Guarded(State())
    /// By the number of a write, from 1: what another writer stores at the tag after it.
    private let intrusion: @Sendable (Int) -> RawManifest?

    init(intrusion: @escaping @Sendable (Int) -> RawManifest? = { _ in nil }) {
        self.intrusion = intrusion
    }

    var putCount: Int { state.withLock { $0.putCount } }
    var name: String { "example.com/a" }

    func manifest(_ selector: ManifestSelector) -> RawManifest? {
        state.withLock { $0.manifests[selector.description] }
    }

    func manifestDigest(_ selector: ManifestSelector) -> Digest? { manifest(selector)?.digest }

    func putManifest(_ manifest: RawManifest, tag: String?) -> Digest? {
        guard let tag else { return nil }
        state.withLock { state in
            state.putCount += 1
            state.manifests[tag] = intrusion(state.putCount) ?? manifest
        }
        return nil
    }

    func deleteTags(_ tags: [String]) -> Int {
        state.withLock { state in
            tags.prefix { state.manifests.removeValue(forKey: $0) != nil }.count
        }
    }

    func deleteManifest(_ digest: Digest) -> Bool { false }

    func tags() -> [String] { state.withLock { Array($0.manifests.keys) } }
    func referrers(of digest: Digest, artifactType: String?) -> Index? { nil }

    func hasBlob(_ digest: Digest) -> Bool { false }
    func blobSize(_ digest: Digest) -> Int64? { nil }
    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) {}
    func writeBlob(_ source: any BlobSource, mountFrom repositories: [String]) -> BlobIdentity {
        source.announced ?? source.identity
    }
    func publish(_ publications: [Publication]) -> [Digest?] {
        publications.map { putManifest($0.manifest, tag: $0.tag) }
    }
}

private func raw(_ document: JSONObject, _ type: MediaType = .manifest) -> RawManifest {
    let bytes = document.serialized()
    return RawManifest(bytes: bytes, mediaType: type)
}

private func artifact(_ type: StaticString, of subject: Descriptor?, note: String = "") throws
    -> RawManifest
{
    var artifact = Artifact(artifactType: MediaType(type))
    if let subject { try artifact.setSubject(subject) }
    artifact.annotations = try [KeyValue("note=\(note)")]
    let empty = Descriptor(
        mediaType: .empty, digest: .of(Artifact.emptyBytes), size: Int64(Artifact.emptyBytes.count))
    return raw(artifact.manifest(config: empty, empty: empty).document)
}

@Suite struct ReferrersTests {
    private let store = ImageStore(RegistryOptions())
    private let subject = Descriptor(mediaType: .manifest, digest: .of([1]), size: 1)

    private func listed(in place: Tags) throws -> [Descriptor] {
        try place.manifest(.tag(subject.digest.referrersTag))?.index().manifests ?? []
    }

    @Test func tagListsTypeAndAnnotationsOnce() throws {
        let place = Tags()
        let one = try artifact("a/b", of: subject, note: "first")
        let two = try artifact("c/d", of: subject)
        for manifest in [one, two, one] { try store.listReferrer(manifest, in: place) }
        let entries = try listed(in: place)
        #expect(entries.map(\.digest) == [one.digest, two.digest])
        #expect(entries.map { $0.document["artifactType"] } == [.string("a/b"), .string("c/d")])
        #expect(entries[0].document[annotation: "note"] == "first")
        #expect(place.putCount == 2)
        #expect(place.tags() == ["sha256-\(subject.digest.encoded)"])
    }

    @Test func manifestWithoutSubjectIsNotListed() throws {
        let place = Tags()
        try store.listReferrer(artifact("a/b", of: nil), in: place)
        #expect(place.putCount == 0)
    }

    @Test func entryLostToAnotherWriterIsWrittenAgain() throws {
        let other = try artifact("x/y", of: subject)
        let theirs = raw(Index(manifests: [try other.referrer()]).document, .index)
        let place = Tags { $0 == 1 ? theirs : nil }
        let mine = try artifact("a/b", of: subject)
        try store.listReferrer(mine, in: place)
        #expect(try listed(in: place).map(\.digest) == [other.digest, mine.digest])
        #expect(place.putCount == 2)
    }

    @Test func writersWithoutEndAreGivenUp() throws {
        let place = Tags { _ in raw(Index(manifests: []).document, .index) }
        let error = #expect(throws: StoreError.self) {
            try store.listReferrer(artifact("a/b", of: subject), in: place)
        }
        #expect(error?.exitStatus == .temporary)
        #expect(place.putCount == 5)
    }

    @Test func listThatIsNoIndexIsLeftAlone() throws {
        let place = Tags()
        let foreign = raw(JSONObject(), .manifest)
        _ = place.putManifest(foreign, tag: subject.digest.referrersTag)
        let error = #expect(throws: StoreError.self) {
            try store.listReferrer(artifact("a/b", of: subject), in: place)
        }
        #expect(error?.exitStatus == .dataError)
        #expect(place.manifest(.tag(subject.digest.referrersTag)) == foreign)
    }

    @Test func layoutFindsThemByItself() throws {
        let layouts = try Layouts()
        let image = try layouts.push([image()], to: "a:x")
        let sbom = try artifact("text/sbom", of: image)
        try layouts.layout("a").publish([Publication(sbom, tag: nil)])
        for text in ["a:x", "a", "a@\(image.digest)"] {
            let referrers = try layouts.store.referrers(
                of: layouts.reference(text), artifactType: "text/sbom")
            #expect(referrers.map(\.digest) == [sbom.digest])
        }
        #expect(
            try layouts.store.referrers(of: layouts.reference("a:x"), artifactType: "x/y").isEmpty)
        #expect(throws: StoreError.self) {
            try layouts.store.referrers(of: layouts.reference("a:y"), artifactType: nil)
        }
        // A manifest that does not exist yet may have referrers.
        let absent = try layouts.reference("a@\(Digest.of([7]))")
        #expect(try layouts.store.referrers(of: absent, artifactType: nil).isEmpty)
    }
}
