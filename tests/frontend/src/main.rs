//! A Rust front end that signs in with `pkce-wasm` as a library: none of the crate's own JavaScript, and nothing that it exports.

mod browser;
mod login;
mod signature;

use pkce_wasm::TokenSet;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::login::Login;

/// What the page shows.
#[derive(Clone, PartialEq)]
enum View {
    Starting,
    SignedOut(Login),
    SignedIn { name: String, vouched: &'static str },
    Failed(String),
}

#[component]
fn App() -> Html {
    let view = use_state(|| View::Starting);
    use_effect_with((), {
        let view = view.clone();
        move |()| spawn_local(async move { view.set(start().await.unwrap_or_else(View::Failed)) })
    });
    match (*view).clone() {
        View::Starting => html! { <p>{ "Starting" }</p> },
        View::SignedOut(login) => {
            // In the click's own tick: nothing is waited for.
            let onclick = move |_| view.set(View::Failed(login.begin().err().unwrap_or_else(|| "Leaving".into())));
            html! { <button id="sign-in" type="button" {onclick}>{ "Sign in" }</button> }
        }
        View::SignedIn { name, vouched } => html! {
            <>
                <p id="user">{ name }</p>
                <p id="vouched">{ vouched }</p>
            </>
        },
        View::Failed(message) => html! { <p id="message" role="alert">{ message }</p> },
    }
}

/// Signs in when the user comes back from the server, and offers to do so otherwise.
async fn start() -> Result<View, String> {
    let login = Login::discover().await?;
    Ok(match login.finish().await? {
        Some(tokens) => View::SignedIn { name: name(&tokens), vouched: login::vouched(&tokens) },
        None => View::SignedOut(login),
    })
}

fn name(tokens: &TokenSet) -> String {
    tokens.claims.as_ref().and_then(|claims| claims.string("name")).unwrap_or_default()
}

fn main() {
    yew::Renderer::<App>::new().render();
}
