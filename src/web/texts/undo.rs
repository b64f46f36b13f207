//! Bringing back what was deleted or replaced.

super::texts! {
    /// Bringing back what was deleted or replaced.
    Undo {
        title: "Bring back",
        lead: "What your browsers delete or replace is kept for some days. When something went wrong, say when one browser has deleted everything, you can go back to the moment before.",
        none: "Nothing has been deleted or replaced in the last days that would be worth going back for.",
        before: "Before",
        deleted_one: "1 record deleted",
        deleted: "{} records deleted",
        replaced_one: "1 record replaced",
        replaced: "{} records replaced",
        deleted_and_replaced: "{}, {} replaced",
        back: "Bring all back…",
        back_named: "Bring all back… that was stored before {}",
        only: "Only this…",
        only_named: "Only this… {}, from before {}",

        kept: "For some days you can bring it back, on the page of your account; then it is gone for good.",
        not_kept: "It can't be brought back.",

        confirm_title: "Bring back what was stored",
        lead_moment: "What is stored becomes as it was on {} ({}).",
        returned_one: "1 comes back",
        returned: "{} come back",
        reverted_one: "1 becomes what it was",
        reverted: "{} become what they were",
        removed_one: "1 that is newer goes",
        removed: "{} that are newer go",
        means: "Every browser gets what comes back at its next sync. What goes from here stays on the devices that have it; it is kept here as well, so that you can go back to this very moment in the same way.",
        means_keys: "If you made a new recovery key since then, your browsers want the one from before again.",
        button: "Bring it back",
        done: "It is brought back. Your browsers get it at their next sync.",
        nothing: "Nothing to do: what is stored is as it was at that moment.",
        too_early: "Not enough is kept any more to know what was stored at that moment.",
        other_keys: "At that moment your data was encrypted with other keys, and no browser could read it now. Bring back everything of that moment, keys and all.",
        only_together: "This can't be brought back alone: it says how to read everything else. Bring back everything of that moment.",
        not_set_up: "At that moment Sync was not set up in your account, and a browser that found it so would delete everything. Choose another moment.",
    }
}
