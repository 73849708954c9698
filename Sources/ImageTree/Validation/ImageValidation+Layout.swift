import ByteStream
import ImageStore
import JSON
import OCI

/// Checks of `index.json` and of the other files of a layout.
extension ImageValidation {
    /// Checks the images of a layout that have the tag or digest of a reference, or everything in
    /// the layout for a reference without them.
    ///
    /// - Throws: `StoreError` when there is no such image, and what the place throws.
    mutating func check(_ layout: LayoutReference, in place: some ExaminedPlace) throws {
        let audit = store.layoutAudit(layout)
        let isWhole = layout.tag == nil && layout.digest == nil
        if isWhole {
            for path in try audit.strayFiles() {
                faults.append(ImageFault(path.description, "", "a file that is no blob"))
            }
        }
        let index: [UInt8]
        do {
            index = try audit.indexBytes()
        } catch let error as LayoutFileError {
            return faults.append(ImageFault(error.file.description, "", error.message))
        }
        guard let entries = try entries(of: index, document: "index.json") else { return }
        let named = entries.filter { $0.isNamed(by: layout) }
        if named.isEmpty, !isWhole {
            return try check(manifestOf: .layout(layout), in: place)
        }
        try check(named, in: place)
    }

    /// Checks entries of `index.json`, their names and their images.
    mutating func check(_ entries: [IndexEntry], in place: some ExaminedPlace) throws {
        checkTags(of: entries)
        for entry in entries {
            guard let tag = entry.tag?.text, !tag.isReferenceName else { continue }
            faults.append(
                ImageFault(
                    "index.json", "manifests[\(entry.offset)].annotations", "not a name: \(tag)"))
        }
        try check(entries, of: "index.json", in: place, depth: 0)
    }

    /// Checks that a tag is that of one manifest, or of one image on several platforms.
    private mutating func checkTags(of entries: [IndexEntry]) {
        var tags: [JSONString] = []
        var manifests: [JSONString: [Descriptor]] = [:]
        for entry in entries {
            guard let tag = entry.tag, case .success(let descriptor) = entry.descriptor else {
                continue
            }
            if manifests[tag] == nil { tags.append(tag) }
            manifests[tag, default: []].append(descriptor)
        }
        for tag in tags {
            let manifests = manifests[tag] ?? []
            if Set(manifests.map(\.digest)).count < 2 || Index(platformsOf: manifests) != nil {
                continue
            }
            faults.append(
                ImageFault("index.json", "", "several manifests with the tag \(quote(tag.text))"))
        }
    }
}

extension IndexEntry {
    /// Whether the entry has the tag and the digest of a reference, as far as the reference has
    /// them.
    fileprivate func isNamed(by reference: LayoutReference) -> Bool {
        let isTagged = reference.tag.map { tag == JSONString($0) } ?? true
        guard let digest = reference.digest else { return isTagged }
        guard case .success(let descriptor) = descriptor, descriptor.digest == digest else {
            return false
        }
        // The digest counts, and an entry without a tag may have it.
        return isTagged || tag == nil
    }
}

extension String {
    /// Whether it is a valid name in a layout: letters, digits and separators.
    ///
    /// - Spec: image-spec v1.1.1, annotations.md, `org.opencontainers.image.ref.name`.
    fileprivate var isReferenceName: Bool {
        !isEmpty && utf8.allSatisfy { $0.isAlphanumeric || "-._:@/+".utf8.contains($0) }
    }
}
