import { mount } from 'svelte';
import './app.css';
import App from './shell/App.svelte';
import { partsOf } from './state/define.svelte.js';
import { viewOf, views } from './shell/views.js';

// What index.html holds stays until there is a view to take its place.
const { id, load } = views.find((view) => view.id === viewOf(partsOf(location.hash)))!;
const view = await load();
const app = document.getElementById('app')!;
app.replaceChildren();
mount(App, { target: app, props: { first: [id, view] } });
