//! What several screens say.

super::texts! {
    /// What several screens say.
    Common {
        product: "Weft",
        skip: "Skip to the content",
        main_menu: "Main menu",
        home: "Start",
        account: "My account",
        administration: "Administration",
        sign_in: "Sign in",
        sign_up: "Sign up",
        sign_out: "Sign out",
        signed_in_as: "Signed in as",
        back: "Back",
        cancel: "Cancel",
        page_of: "Page {} of {}",
        next_page: "Next page",
        previous_page: "Previous page",
        never: "never",
        footer: "This server sees only what your browser has encrypted. No script, no cookie before you open a form, nothing from anybody else.",
        not_found_title: "There is no such page",
        not_found: "Perhaps the address was mistyped. The start page knows the way.",
        form_title: "Please send that form again",
        form: "It was open for too long, came from another place, or your browser keeps no cookies. For your safety nothing was done. Open the page again and repeat what you entered.",
        method_title: "That can't be done with this page",
        method: "Open it as an ordinary link.",
        large_title: "That was too much",
        large: "The form held more than this page takes.",
        away_title: "Something is out of order",
        away: "The server can't reach its data just now. Nothing was changed. Please try again in a few minutes.",
        often_title: "Too many attempts",
        often: "There were too many attempts from your address or for this account. Please wait a while and try again.",
        forbidden_title: "This page is not for you",
        forbidden: "Only administrators of this server see it. The setting `web.admins` names them.",
    }
}
